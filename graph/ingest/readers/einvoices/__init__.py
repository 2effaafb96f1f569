"""Electronic invoices after EN 16931: UBL, CII, and XML in a PDF."""
