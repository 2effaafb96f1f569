"""Electronic invoices according to EN 16931: UBL, CII, and XML in a PDF."""
