package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

const (
	// MaxInFlight is how many requests one endpoint works on at once; more wait in the connection's buffer.
	MaxInFlight = 256
	// MaxReply bounds a reply; larger answers are paged or go through the bucket of exports.
	MaxReply = 512 << 10

	headerToken  = "Songshui-Actor-Token"
	headerParams = "Songshui-Params"
	headerTrace  = "traceparent"
)

// Request is what an endpoint gets: the verified actor, parameters, and a body as it came.
type Request struct {
	Actor  access.Actor
	Params json.RawMessage
	Body   []byte
	Trace  string
	// Token is the actor's signed statement, to ask another service in the actor's name.
	Token string
}

// Decode reads the parameters; a mistake in them is the calling service's and so internal.
func (r Request) Decode(into any) error {
	if err := json.Unmarshal(r.Params, into); err != nil {
		return fmt.Errorf("bus: parameters: %w", err)
	}
	return nil
}

// Endpoint answers one kind of request; the reply is encoded as JSON. A refusal is a *fault.Error.
type Endpoint func(ctx context.Context, r Request) (reply any, err error)

// Subject is where a service answers.
func Subject(service, name string) string { return "rpc." + service + "." + name }

// Serve answers requests to the service until stop is called. A nil verifier takes requests without an actor (for registry's sign-in, which is asked before there is one).
func (b *Bus) Serve(verifier *access.Verifier, open map[string]Endpoint, signed map[string]Endpoint) (stop func() error, err error) {
	svc, err := micro.AddService(b.conn, micro.Config{Name: b.service, Version: "1.0.0", Description: "songshui " + b.service, QueueGroup: b.service})
	if err != nil {
		return nil, unavailable("serve "+b.service, err)
	}
	add := func(name string, e Endpoint, needActor bool) error {
		slots := make(chan struct{}, MaxInFlight)
		return svc.AddEndpoint(name, micro.HandlerFunc(func(r micro.Request) {
			slots <- struct{}{}
			go func() {
				defer func() { <-slots }()
				b.answer(name, r, verifier, needActor, e)
			}()
		}), micro.WithEndpointSubject(Subject(b.service, name)))
	}
	for name, e := range open {
		err = errors.Join(err, add(name, e, false))
	}
	for name, e := range signed {
		err = errors.Join(err, add(name, e, true))
	}
	if err != nil {
		_ = svc.Stop()
		return nil, fmt.Errorf("bus: serve %s: %w", b.service, err)
	}
	return svc.Stop, nil
}

func (b *Bus) answer(name string, r micro.Request, v *access.Verifier, needActor bool, e Endpoint) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), RequestTimeout)
	defer cancel()
	reply, err := b.ask(ctx, r, v, needActor, e)
	var body []byte
	if err == nil {
		if body, err = json.Marshal(reply); err == nil && len(body) > MaxReply {
			err = fmt.Errorf("bus: reply of %d bytes, at most %d", len(body), MaxReply)
		}
	}
	code := "ok"
	if err != nil {
		f := fault.Of(err)
		code = string(f.Code)
		if f.Code == fault.Internal {
			b.logger.Error("request failed", "endpoint", name, "error", err)
		}
		data, _ := json.Marshal(f)
		// Not r.Error: it writes what micro reads once its handler has returned, and this answer comes later.
		err = r.Respond(data, micro.WithHeaders(micro.Headers{micro.ErrorCodeHeader: {code}}))
	} else {
		err = r.Respond(body)
	}
	if err != nil {
		b.logger.Warn("answer not sent", "endpoint", name, "error", err)
	}
	b.metrics.requests.WithLabelValues(b.service+"."+name, code).Observe(time.Since(start).Seconds())
}

func (b *Bus) ask(ctx context.Context, r micro.Request, v *access.Verifier, needActor bool, e Endpoint) (reply any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("bus: endpoint panicked: %v", p)
		}
	}()
	req := Request{Params: json.RawMessage(r.Headers().Get(headerParams)), Body: r.Data(), Trace: r.Headers().Get(headerTrace), Token: r.Headers().Get(headerToken)}
	if needActor {
		if req.Actor, err = v.Verify(r.Headers().Get(headerToken)); err != nil {
			return nil, fault.Wrap(fault.Unauthenticated, "bus: request", err)
		}
	}
	return e(ctx, req)
}

// Client asks services; Token is portal's signed actor.
type Client struct {
	Conn  *nats.Conn
	Token string
	Trace string
}

// Ask sends a request and decodes its reply into reply (which may be a *json.RawMessage to pass it on). Refusals are *fault.Error; no responder and no answer in time are fault.Unavailable.
func (c Client) Ask(ctx context.Context, service, name string, params any, body []byte, reply any) error {
	msg := &nats.Msg{Subject: Subject(service, name), Data: body, Header: nats.Header{headerToken: {c.Token}}}
	if c.Trace != "" {
		msg.Header[headerTrace] = []string{c.Trace}
	}
	if params != nil {
		p, err := json.Marshal(params)
		if err != nil {
			return fmt.Errorf("bus: ask %s: %w", name, err)
		}
		msg.Header[headerParams] = []string{string(p)}
	}
	ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
	defer cancel()
	r, err := c.Conn.RequestMsgWithContext(ctx, msg)
	if errors.Is(err, nats.ErrMaxPayload) {
		return fault.Wrap(fault.BodyTooLarge, "bus: ask "+service+"."+name, err)
	}
	if err != nil {
		f := unavailable("ask "+service+"."+name, err).(*fault.Error)
		if errors.Is(err, nats.ErrNoResponders) {
			f.Detail = service
		}
		return f
	}
	if r.Header.Get(micro.ErrorCodeHeader) != "" {
		f := &fault.Error{}
		if err := json.Unmarshal(r.Data, f); err != nil {
			return fmt.Errorf("bus: ask %s.%s: refusal: %w", service, name, err)
		}
		f.Op = service + "." + name
		return f
	}
	if err := json.Unmarshal(r.Data, reply); err != nil {
		return fmt.Errorf("bus: ask %s.%s: reply: %w", service, name, err)
	}
	return nil
}
