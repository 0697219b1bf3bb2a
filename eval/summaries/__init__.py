"""What is measured of a whole run: abstention, risk against coverage, calibration, speed."""
