"""What a caller wants done: images, models, runs, the executor, the store and the caches."""
