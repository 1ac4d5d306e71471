"""What only helm v4 needs: imported when `find_dialect` is asked for it. Source: helm v4.3.1."""
