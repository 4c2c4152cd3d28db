package bus

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	appended  *prometheus.CounterVec
	conflicts *prometheus.CounterVec
	settled   *prometheus.CounterVec
	requests  *prometheus.HistogramVec
	waiting   *prometheus.GaugeVec
}

// newMetrics makes the metrics, or takes those that another Bus of the process has registered. A nil registerer keeps them unregistered.
func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		appended:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "songshui_events_appended_total", Help: "Facts appended, by type."}, []string{"type"}),
		conflicts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "songshui_append_conflicts_total", Help: "Appends decided anew after a conflict or without an answer, by stream."}, []string{"stream"}),
		settled:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "songshui_messages_settled_total", Help: "Messages settled, by durable and outcome (ack, nak, term)."}, []string{"durable", "outcome"}),
		requests:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "songshui_request_seconds", Help: "Requests answered between services, by endpoint and code.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}, []string{"endpoint", "code"}),
		waiting:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "songshui_consumer_waiting", Help: "1 while a consumer waits for a backing that is away."}, []string{"durable"}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.appended, m.conflicts, m.settled, m.requests, m.waiting} {
		err := r.Register(c)
		if are, ok := err.(prometheus.AlreadyRegisteredError); ok {
			m.adopt(are.ExistingCollector)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("bus: metrics: %w", err)
		}
	}
	return m, nil
}

// adopt takes another Bus' collector in place of the own one of the same kind.
func (m *metrics) adopt(c prometheus.Collector) {
	switch v := c.(type) {
	case *prometheus.HistogramVec:
		m.requests = v
	case *prometheus.GaugeVec:
		m.waiting = v
	case *prometheus.CounterVec:
		for _, own := range []**prometheus.CounterVec{&m.appended, &m.conflicts, &m.settled} {
			if sameDesc(*own, v) {
				*own = v
			}
		}
	}
}

func sameDesc(a, b prometheus.Collector) bool {
	return describe(a) == describe(b)
}

func describe(c prometheus.Collector) string {
	ch := make(chan *prometheus.Desc, 1)
	c.Describe(ch)
	return (<-ch).String()
}
