package httpapi

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// unmatched is the route label of requests that no route took, so that what a client writes into a path never becomes one.
const unmatched = "unmatched"

// metrics counts and times requests by route pattern, method and status. No label holds anything that a client chose.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	panics   prometheus.Counter
	// stray are the series of requests without a route, by method.
	stray map[string]*series
}

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "orgd_http_requests_total", Help: "Requests answered, by route pattern, method and status.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "orgd_http_request_duration_seconds", Help: "How long requests took, by route pattern and method.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "method"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "orgd_http_requests_in_flight", Help: "Requests being answered now.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "orgd_http_panics_total", Help: "Requests that ended in a panic: defects of orgd.",
		}),
		stray: map[string]*series{},
	}
	registry.MustRegister(m.requests, m.duration, m.inFlight, m.panics)
	for _, method := range []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions, otherMethod,
	} {
		m.stray[method] = m.series(unmatched, method)
	}
	return m
}

// otherMethod is the label of methods that no route has; there is no end of them.
const otherMethod = "OTHER"

// series returns what one route and method is counted with, found once and kept, since looking labels up costs more than
// counting.
func (m *metrics) series(route, method string) *series {
	s := &series{duration: m.duration.WithLabelValues(route, method)}
	s.resolve = func(status int) prometheus.Counter {
		return m.requests.WithLabelValues(route, method, strconv.Itoa(status))
	}
	return s
}

// observe counts an exchange that has ended.
func (m *metrics) observe(x *exchange, method string, took time.Duration) {
	s := m.stray[otherMethod]
	if x.route != nil {
		s = x.route.series
	} else if known, ok := m.stray[method]; ok {
		s = known
	}
	s.counter(x.status).Inc()
	s.duration.Observe(took.Seconds())
}

// series is the counters and the histogram of one route and method.
type series struct {
	duration prometheus.Observer
	resolve  func(status int) prometheus.Counter
	// byStatus is indexed by the status less 100.
	byStatus [500]atomic.Pointer[prometheus.Counter]
}

// counter returns the counter of a status, from the registry the first time and without a lock afterwards.
func (s *series) counter(status int) prometheus.Counter {
	i := status - 100
	if i < 0 || i >= len(s.byStatus) {
		return s.resolve(status)
	}
	if c := s.byStatus[i].Load(); c != nil {
		return *c
	}
	c := s.resolve(status)
	s.byStatus[i].Store(&c)
	return c
}
