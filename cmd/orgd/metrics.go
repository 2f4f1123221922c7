package main

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/orgd/orgd/internal/logging"
)

// newRegistry collects what the process as a whole tells; the rooms add theirs.
func newRegistry(a *app, log *logging.Log) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "orgd_build_info", Help: "Always 1; the labels say what runs.",
			ConstLabels: prometheus.Labels{"version": versionName(), "go_version": runtime.Version()},
		}, func() float64 { return 1 }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "orgd_log_lines_dropped_total", Help: "Log lines that found no room because the output was too slow.",
		}, func() float64 { return float64(log.Dropped()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "orgd_gates_closed", Help: "Organizations whose data waits behind an operation now.",
		}, func() float64 { return float64(a.gates.Closed()) }),
	)
	registry.MustRegister(a.metrics...)
	return registry
}
