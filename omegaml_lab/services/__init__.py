"""What runs beside the person: start, watch, heal and end the processes of Omega Lab."""
