# %% [markdown]
# # From a token to a picture
#
# Reads a tenant's payments with a token, sums them, and draws what was paid by month and to whom.
# Make a token that may read in *Your tokens*, and set FINLEY_SERVER (such as
# `https://finley.example.com`) and FINLEY_TOKEN. The picture is saved as `finley.png`, or where
# FINLEY_PICTURE says. This file is a notebook in the percent format: VS Code, PyCharm and Jupyter
# (with jupytext) open its cells, and Python runs it as it stands.

# %%
import os
from datetime import date, timedelta

import matplotlib.pyplot as plt

from finley.remote import ProblemError, Session, tables

session = Session(os.environ["FINLEY_SERVER"], os.environ["FINLEY_TOKEN"])

# %% [markdown]
# ## Every payment, as a data frame
#
# One call streams the whole graph. `payment_group_id` is a row's own id where the row counts; other
# rows are sightings of the same payment in other books. Amounts are text, so that no cent is lost.

# %%
COLUMNS = ["amount", "currency", "occurred_at", "kind", "payment_group_id"]
rows = tables.pandas(session, COLUMNS, edges="flow")
counted = rows["kind"].isin(["payment", "fee"]) & (rows["payment_group_id"] == rows["id"])
payments = rows[counted].assign(
    amount=rows["amount"].astype(float), month=rows["occurred_at"].dt.strftime("%Y-%m")
)

# %% [markdown]
# ## Sums
#
# Of the currency in which most payments were made.

# %%
currency = payments["currency"].mode()[0]
of_currency = payments[payments["currency"] == currency]
by_month = of_currency.groupby("month")["amount"].sum()
by_payee = of_currency.groupby("target")["amount"].sum().nlargest(10)
ids = ",".join(by_payee.index)
names = {row["id"]: row["name"] for row in session.get("graph/entities/", ids=ids)["results"]}

# %% [markdown]
# ## What changed since yesterday
#
# How many entities and edges were added, changed and removed since the end of yesterday. A server
# that did not record its history then refuses the day; the error says which parameter is wrong.

# %%
today = date.fromisoformat(session.ask("cash-flow")["today"])
try:
    learned = session.ask("diff", **{"from": today - timedelta(days=1)})["counts"]
except ProblemError as problem:
    learned = problem.fields

# %% [markdown]
# ## The picture

# %%
figure, (months, payees) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
months.bar(by_month.index, by_month)
months.set(title="Paid by month", ylabel=currency)
months.tick_params("x", rotation=90)
payees.barh([names[key] for key in by_payee.index], by_payee)
payees.invert_yaxis()
payees.set(title="The ten largest payees", xlabel=currency)
figure.savefig(os.environ.get("FINLEY_PICTURE", "finley.png"))
session.close()
