"""Figures of registrations and attendance, as of an instant; the daily report and the chart made of them."""
