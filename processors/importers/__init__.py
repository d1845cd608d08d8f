"""Events out of what other systems leave behind: a web server's log, a CRM's export."""
