"""The Helm engine: renders charts as helm v3.22.0 or v4.3.1 does. Programs import `kmanifest.helm`."""
