"""The methods of the simulated Web API, one file for each family."""
