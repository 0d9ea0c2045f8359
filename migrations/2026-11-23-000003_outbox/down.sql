DROP TABLE window_files;
DROP TABLE shipped_windows;
DROP TABLE windows;
DROP TABLE outbox;
DROP TABLE epochs;
