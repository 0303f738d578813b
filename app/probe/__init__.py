"""Questions put to a network: capture its layers, quantise them, explain one number."""
