// The queue listener of the Functions host, by itself: it hands each message to a URL and takes an HTTP error
// for a failed function. conformance/README.md says what it is compared with.
using Azure.Storage.Queues;
using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Host;
using Microsoft.Azure.WebJobs.Host.Timers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

string Setting(string name, string fallback) =>
    Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : fallback;

using var host = new HostBuilder()
    .UseEnvironment("Development")
    .ConfigureWebJobs(builder => builder.AddAzureStorageQueues(options =>
    {
        options.BatchSize = int.Parse(Setting("BATCH_SIZE", "16"));
        options.NewBatchThreshold = int.Parse(Setting("NEW_BATCH_THRESHOLD", "8"));
        options.MaxDequeueCount = int.Parse(Setting("MAX_DEQUEUE_COUNT", "5"));
        options.MaxPollingInterval = TimeSpan.FromMilliseconds(int.Parse(Setting("MAX_POLLING_MS", "1000")));
        options.VisibilityTimeout = TimeSpan.FromMilliseconds(int.Parse(Setting("VISIBILITY_MS", "0")));
        options.MessageEncoding = Setting("MESSAGE_ENCODING", "base64") == "none"
            ? QueueMessageEncoding.None
            : QueueMessageEncoding.Base64;
    }))
    .ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.Warning).AddConsole())
    .ConfigureServices(services => services.AddSingleton<IWebJobsExceptionHandler, EndOfHost>())
    .UseConsoleLifetime(options => options.SuppressStatusMessages = true)
    .Build();

await host.StartAsync();
Console.WriteLine("READY");
await host.WaitForShutdownAsync();
Console.WriteLine("STOPPED");

/// <summary>What the Functions host does with an error of a listener: it stops (WebScriptHostExceptionHandler).</summary>
public sealed class EndOfHost(IHostApplicationLifetime lifetime) : IWebJobsExceptionHandler
{
    public void Initialize(JobHost host) { }

    public Task OnTimeoutExceptionAsync(System.Runtime.ExceptionServices.ExceptionDispatchInfo info, TimeSpan grace) =>
        End(info);

    public Task OnUnhandledExceptionAsync(System.Runtime.ExceptionServices.ExceptionDispatchInfo info) => End(info);

    private Task End(System.Runtime.ExceptionServices.ExceptionDispatchInfo info)
    {
        Console.WriteLine($"HOST-ENDS {info.SourceException.GetType().Name}");
        lifetime.StopApplication();
        return Task.CompletedTask;
    }
}

public static class Functions
{
    private static readonly HttpClient Client = new() { Timeout = Timeout.InfiniteTimeSpan };
    private static readonly string Callback = Environment.GetEnvironmentVariable("CALLBACK")!;

    public static async Task Work(
        [QueueTrigger("%QUEUE%")] string text,
        long dequeueCount,
        DateTimeOffset insertionTime,
        DateTimeOffset expirationTime,
        DateTimeOffset nextVisibleTime)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Callback)
        {
            Content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(text)),
        };
        request.Headers.Add("x-dequeue-count", dequeueCount.ToString());
        request.Headers.Add("x-lease-ms", ((long)(nextVisibleTime - DateTimeOffset.UtcNow).TotalMilliseconds).ToString());
        request.Headers.Add("x-lives-ms", ((long)(expirationTime - insertionTime).TotalMilliseconds).ToString());
        using var answer = await Client.SendAsync(request);
        answer.EnsureSuccessStatusCode();
    }
}
