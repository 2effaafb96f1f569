from django.db import migrations

from graph.database.tenant_foreign_key import tenant_foreign_key


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0011_deliveries")]

    operations = [
        tenant_foreign_key("deliveries", "endpoint_id", "delivery_endpoints"),
        tenant_foreign_key("alert_rules", "endpoint_id", "delivery_endpoints"),
    ]
