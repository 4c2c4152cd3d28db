package server

// BoundLists makes frozen lists short, before Run.
func (s *Server) BoundLists(maxFrozen, idsAtOnce int) {
	s.maxFrozen, s.idsAtOnce = maxFrozen, idsAtOnce
}
