"""The key that keeps a piece with an upload of its own tenant."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0006_uploads")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE upload_pieces ADD CONSTRAINT upload_pieces_upload_id_tenant_fkey "
            "FOREIGN KEY (user_id, upload_id) REFERENCES uploads (user_id, id) ON DELETE CASCADE",
            "ALTER TABLE upload_pieces DROP CONSTRAINT upload_pieces_upload_id_tenant_fkey",
        ),
    ]
