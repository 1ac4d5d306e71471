local panel(title, query) = { title: title, type: 'timeseries', targets: [{ expr: query }] };

function(app, env, latency) {
  title: '%s (%s, %s)' % [app, env.env, env.region],
  panels: [
    panel('requests', 'sum(rate(http_requests_total{app="%s"}[5m]))' % app),
    panel('latency', 'histogram_quantile(0.99, rate(http_seconds_bucket{app="%s"}[5m]))' % app) + {
      fieldConfig: { defaults: { thresholds: { steps: [{ value: latency, color: 'red' }] } } },
    },
  ],
}
