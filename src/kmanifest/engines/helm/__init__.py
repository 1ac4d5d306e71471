"""The Helm engine: render charts as helm v3.22.0 or v4.3.1 does. The public interface is `kmanifest.helm`."""
