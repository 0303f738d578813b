"""What the commands do, in this process and without a server; options and exit statuses are the command line's."""
