using FakeGoogle;

// Everything of Google that a sign-in meets, on this machine: dotnet run --project samples/FakeGoogle
await using var google = await GoogleServer.StartAsync("http://localhost:5100");
foreach (var person in Person.Examples(google.Address))
    google.Add(person);
Console.WriteLine($"FakeGoogle answers at {google.Address}. Start the host so that it finds it, and open http://localhost:5000/sign-in:");
Console.WriteLine("  dotnet run --launch-profile FakeGoogle");
Console.WriteLine("Ctrl+C ends it.");
await google.Stopped;
