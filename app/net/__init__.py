"""Networks as data: specification, arithmetic, torch counterpart, weights, presets."""
