package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"dtnotes/analysis/behavior"
)

// metrics are what a watch tells anyone who asks, as OpenMetrics.
type metrics struct {
	score, p, alert, blind, last prometheus.Gauge
	buckets, alerts, lost        prometheus.Counter
	sources                      *prometheus.GaugeVec
	registry                     *prometheus.Registry
}

func newMetrics() *metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "dtnotes", Name: name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "dtnotes", Name: name, Help: help})
	}
	m := &metrics{
		score:   gauge("score", "How unusual the last bucket is, -ln of a probability."),
		p:       gauge("p", "Part of normal buckets with that score or a higher one."),
		alert:   gauge("alert", "1 while an alert goes on."),
		blind:   gauge("blind", "1 while nothing can be judged."),
		last:    gauge("last_bucket_timestamp_seconds", "Start of the last bucket, by the clock of the tracer."),
		buckets: counter("buckets_total", "Buckets judged."),
		alerts:  counter("alerts_total", "Alerts raised."),
		lost:    counter("lost_events_total", "Events that the tracer told that it lost."),
		sources: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "dtnotes", Name: "source_score", Help: "How unusual each process is in the alert that goes on."}, []string{"source"}),
	}
	m.registry = prometheus.NewRegistry()
	m.registry.MustRegister(m.score, m.p, m.alert, m.blind, m.last, m.buckets, m.alerts, m.lost, m.sources)
	return m
}

func (m *metrics) update(u behavior.Update, started bool) {
	m.score.Set(u.Verdict.Score)
	m.p.Set(u.Verdict.P)
	m.last.Set(u.Time)
	m.buckets.Inc()
	if started {
		m.alerts.Inc()
	}
	// Sources of an alert that is over must not stay: as labels they would grow without end.
	m.sources.Reset()
	m.alert.Set(0)
	if u.Alert != nil && !u.Ended {
		m.alert.Set(1)
		for _, f := range u.Alert.Sources[:min(5, len(u.Alert.Sources))] {
			// Labels must be UTF-8, or Prometheus refuses all metrics.
			m.sources.WithLabelValues(strings.ToValidUTF8(f.Name, "\uFFFD")).Set(f.Score)
		}
	}
}

// serve answers at the address until the context ends. An address without a host can be reached
// from this machine alone.
func (m *metrics) serve(ctx context.Context, address string, warnings io.Writer) (string, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = ":" + address // a port alone
	}
	if strings.HasPrefix(address, ":") {
		address = "127.0.0.1" + address
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("serving metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			say(warnings, "warning: serving metrics:", err)
		}
	}()
	return l.Addr().String(), nil
}
