"""Who promises what at an edition, where it was announced, and what it comes to. Money is exact, never a float."""
