"""Forum: the backend that a multi-stakeholder forum runs on."""
