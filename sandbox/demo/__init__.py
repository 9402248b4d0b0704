"""The demo: the real bot between both simulated services, with a page to play on."""
