package uploads

import (
	"context"
	"log/slog"

	xslog "golang.org/x/exp/slog"
)

// logged passes tusd's log, which uses the older slog, on; all of it is for finding mistakes.
type logged struct{ to *slog.Logger }

func tusLogger(to *slog.Logger) *xslog.Logger { return xslog.New(logged{to.With("from", "tusd")}) }

func (l logged) Enabled(ctx context.Context, _ xslog.Level) bool {
	return l.to.Enabled(ctx, slog.LevelDebug)
}

func (l logged) Handle(ctx context.Context, r xslog.Record) error {
	var attrs []any
	r.Attrs(func(a xslog.Attr) bool {
		attrs = append(attrs, a.Key, a.Value.Any())
		return true
	})
	l.to.Log(ctx, slog.LevelDebug, r.Message, attrs...)
	return nil
}

func (l logged) WithAttrs(attrs []xslog.Attr) xslog.Handler {
	var args []any
	for _, a := range attrs {
		args = append(args, a.Key, a.Value.Any())
	}
	return logged{l.to.With(args...)}
}

func (l logged) WithGroup(name string) xslog.Handler { return logged{l.to.WithGroup(name)} }
