"""Read side: views in Redis, built from the output topics alone."""
