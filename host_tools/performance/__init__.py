"""What the firmware and `smets` cost, in one table: `make bench` (docs/performance.md)."""
