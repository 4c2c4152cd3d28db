package stack

// Backings gives what the services run on, for measuring it beside them.
func (s *Services) Backings() Backings { return s.backings }
