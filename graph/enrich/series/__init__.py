"""Detection and forecast of recurring payments."""
