"""Numbers to pixels: colour maps, atlases, PNG. Arrays only."""
