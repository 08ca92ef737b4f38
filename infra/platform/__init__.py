"""The ground floor: settings, PostgreSQL connections, embedded services, child processes."""
