region
