"""Text as every service must see it: normalised, without personal data, in a known language."""
