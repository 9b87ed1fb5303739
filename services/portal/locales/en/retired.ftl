## Monitors that were taken down
retired-title = Displays taken down
retired-help = The house file no longer has them, and they show nothing. When it has one again, that hangs again as it was.
retired-none = No display is taken down.
retired-since = Taken down since { $time }
