"""The Helm engine: charts to manifests, with helm v3.22.0's bytes. `render_chart` is its pure core."""
