"""convscope shows what a convolutional network does to an image, layer by layer, down to a single number."""

__version__ = "0.1.0"
