"""The stages, composed. No other package imports more than one stage."""
