"""The settings of the admin's theme. finley serves all its files itself."""

UNFOLD = {
    "SITE_TITLE": "finley",
    "SITE_HEADER": "finley",
    "SITE_URL": "/api/docs/",
    "SITE_SYMBOL": "hub",
    "DASHBOARD_CALLBACK": "syncjobs.admin.console.landing_page",
    "SIDEBAR": {"navigation": "finley.sidebar.navigation"},
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "4px",
    "COLORS": {  # a blue, from nearly white to nearly black
        "primary": {
            name: f"oklch({light}% {strong} 257)"
            for name, light, strong in (
                ("50", 97, 0.014),
                ("100", 93, 0.032),
                ("200", 88, 0.059),
                ("300", 81, 0.1),
                ("400", 71, 0.15),
                ("500", 60, 0.18),
                ("600", 50, 0.18),
                ("700", 44, 0.17),
                ("800", 38, 0.14),
                ("900", 33, 0.11),
                ("950", 25, 0.08),
            )
        }
    },
}
