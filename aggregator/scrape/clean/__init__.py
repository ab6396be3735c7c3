"""Any HTML -> HTML that is safe to show."""
