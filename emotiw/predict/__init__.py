"""What any video, photograph or folder shows, by a trained run or by the bundled frame CNN."""
