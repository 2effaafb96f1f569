"""What one month more costs to enrich, and what an import costs compared with COPY."""
