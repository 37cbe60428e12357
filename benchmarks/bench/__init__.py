"""One harness that compares this project with its peers: ``make bench``, docs/performance.md."""
