"""What the figures of the README and of docs/performance.md come from."""
