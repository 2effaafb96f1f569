"""The key that keeps a piece with an export of its own tenant."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0017_exports_of_tenants")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE tenant_export_pieces ADD CONSTRAINT "
            "tenant_export_pieces_export_id_tenant_fkey FOREIGN KEY (user_id, export_id) "
            "REFERENCES tenant_exports (user_id, id) ON DELETE CASCADE",
            "ALTER TABLE tenant_export_pieces DROP CONSTRAINT "
            "tenant_export_pieces_export_id_tenant_fkey",
        ),
    ]
