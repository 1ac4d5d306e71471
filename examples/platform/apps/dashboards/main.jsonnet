// One ConfigMap for each dashboard, and the deployment that loads them.
local dashboard = import 'dashboard.libsonnet';

function(values, env) {
  dashboards: {
    [name]: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'dashboard-' + name, labels: { grafana_dashboard: '1' } },
      data: { [name + '.json']: std.manifestJsonMinified(dashboard(name, env, values.alerts.latencySeconds)) },
    }
    for name in ['catalogue', 'database', 'gateway', 'payments', 'tenants', 'web', 'worker-mail', 'worker-sms']
  },
  loader: {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'dashboard-loader' },
    spec: {
      selector: { matchLabels: { app: 'dashboard-loader' } },
      template: {
        metadata: { labels: { app: 'dashboard-loader' } },
        spec: { containers: [{ name: 'loader', image: 'registry.example.com/dashboard-loader:1.0.0' }] },
      },
    },
  },
}
