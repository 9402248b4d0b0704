"""The methods of the simulated Web API, one file a family."""
