// Rules for each app. `thresholds` is the part of the values that kmanifest.yaml names.
local apps = ['catalogue', 'payments', 'web'];

function(thresholds, env) [
  {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: app },
    spec: {
      groups: [{
        name: app,
        rules: [{
          alert: 'Slow',
          expr: 'histogram_quantile(0.99, rate(http_seconds_bucket{app="%s"}[5m])) > %g' % [app, thresholds.latencySeconds],
          labels: { severity: thresholds.severity, region: env.region },
        }],
      }],
    },
  }
  for app in apps
] + [
  {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: { name: app },
    spec: { selector: { matchLabels: { app: app } }, endpoints: [{ port: 'http' }] },
  }
  for app in apps
]
