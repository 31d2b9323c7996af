"""Personal agendas: what somebody has starred and booked of the published programme."""
